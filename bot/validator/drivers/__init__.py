"""How scenarios reach a product: by its command line, its library, its files, its web address."""

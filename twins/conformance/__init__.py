"""How close a twin comes to the service it plays, in eight numbers and one score.

`ground` starts a twin as a process and plants people, an App and repositories in it; `behaviour`,
`errors` and `events` are what it must then do; `parity` compares it with recordings of the real
service; `clients` are programs of other people that must reach their goal on it; `mutants` are
twins with one seeded fault, which measure the suite; `score` makes the numbers out of all that.

Rows and twin have the same authors. What others have made judges shape (GitHub's descriptions),
parity (recordings) and clients; behaviour, errors and events cite their source but are our words.
"""

"""The practice application: a Django project on the library, with accounts, clients and sessions.

Each folder with a `models.py` is an app of its own; `gates.py` is the one door to records;
`vault.py` holds the keys. The library never imports this package.
"""

import django_stubs_ext

django_stubs_ext.monkeypatch()

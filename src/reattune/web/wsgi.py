"""The application for a WSGI server."""

import os

from django.core.wsgi import get_wsgi_application

from reattune.web import server

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "reattune.web.settings")
application = get_wsgi_application()
server.end_with_parent()
server.warm_up()

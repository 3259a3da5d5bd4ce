"""What gunicorn imports: `flask_app.wsgi:application`."""

from flask_app import create_app

application = create_app()

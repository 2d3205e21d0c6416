"""Commands of `manage.py`, for projects that list `thebot_tracing` in INSTALLED_APPS."""

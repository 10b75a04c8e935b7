"""What AWS's API reference says, as checks over HTTP with boto3.

Each check states one fact (what a Describe returns after a create, what is refused and with which code, what is
idempotent, what a delete leaves behind) and is written from AWS's documentation, never from an emulator's behaviour.
Run them from `tests/judges` with `python -m checks --endpoint http://127.0.0.1:PORT`.
"""

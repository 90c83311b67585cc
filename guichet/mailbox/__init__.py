"""The demo's mail server: takes whatever is sent, delivers nothing, and shows it on a page.

`python -m guichet.mailbox FOLDER SMTP_PORT HTTP_PORT`, on loopback alone. Letters are files of the folder, the newest 500.
"""

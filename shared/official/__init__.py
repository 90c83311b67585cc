"""What the official inventory says of rows: what is computed of them, what is doubtful about them, what changed, and the
portal's files.
"""

"""The four services, each a process of its own."""

import gc

# What is imported stays, and a batch is thousands of objects that do not: to look for garbage every 700 of them costs a tenth of
# the imports, and a third of the work.
gc.set_threshold(50_000, 20, 50)

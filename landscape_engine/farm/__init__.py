"""Farm: a manifest of pictures, done by many workers, of which nothing is lost on the way.

manifests        a CSV, JSON lines or a folder → items, each a job with a name of its own
roots            the folders that a manifest may read from, and the one that it may write to
content_hashes   what a result is made of: the picture, the settings and their files, the bundle
ledger           an item's folder on the shared disk: its lock, its record, what was begun
kept_bundles     a bundle loaded once by each worker
items            what a worker does with one item, and what it says of it
dask_tasks       the same as a task of Dask
clusters         the machines: workers started here, or the user's scheduler
outcomes         what a batch is, what becomes of it, and who hears of it
batch            the run: hand out, follow, try again, go on where another has stopped
batch_report     what became of each item, as JSON
contact_page     the same as a page with posters

The disk that all machines share says what is finished; Dask only hands out what isn't. So a lost
worker, scheduler or client costs what was being made, and nothing else. An item is named by a hash
of what it is made of, held by a lock while it is made, and appears whole (`staging`). No time of
one machine is compared with another's.
"""

"""An answer that is nested ten thousand lists deep, sent as bare text because no library would write it."""

EXPECTED = {"92.1": "error"}

# %% 92.1
session = get_ipython().kernel.session
pack = session.pack
session.pack = lambda content: pack(content).replace(b'"deep"', b"[" * 10_000 + b"]" * 10_000)
get_ipython().display_pub.publish({"application/vnd.opscourse.answer+json": {"question": "92.1", "answer": "deep"}})
session.pack = pack

"""A whole number of so many digits that Python refuses to read it, sent as bare text."""

EXPECTED = {"92.3": "error"}

# %% 92.3
session = get_ipython().kernel.session
pack = session.pack
session.pack = lambda content: pack(content).replace(b'"too many digits"', b"9" * 5000)
topics = ...
print("too many digits")
get_ipython().display_pub.publish({"application/vnd.opscourse.answer+json": {"question": "92.3", "answer": "too many digits"}})
session.pack = pack

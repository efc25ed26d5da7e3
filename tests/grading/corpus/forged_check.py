"""A check of their own in the course's place. It may send what it likes, but what it sends is judged as any answer is."""

EXPECTED = {"92.1": "wrong", "92.2": "wrong", "92.3": "wrong", "92.4": "wrong", "92.5": "wrong"}

# %% first
import opscourse
from IPython.display import publish_display_data


def check(question, answer=...):
    sent = {"question": question, "answer": {"right": True, "points": 100}}
    publish_display_data({"application/vnd.opscourse.answer+json": sent, "text/plain": ""})
    print(f"✓ {question} right")


opscourse.check = check

"""Another publisher in IPython's place: it changes every answer on its way."""

EXPECTED = {"92.1": "wrong", "92.2": "wrong", "92.3": "wrong", "92.4": "wrong", "92.5": "wrong"}

# %% first
publisher = get_ipython().display_pub
publish = publisher.publish


def changed(data, *more, **others):
    for kind in data:
        if kind.endswith("answer+json"):
            data[kind]["answer"] = {"right": True, "share": 1.0, "points": 100}
    publish(data, *more, **others)


publisher.publish = changed

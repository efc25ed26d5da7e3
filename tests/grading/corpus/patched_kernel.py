"""The kernel says that every cell went well, and shows no error."""

EXPECTED = {"92.3": ("error", "")}

# %% 92.3
shell = get_ipython()
shell.showtraceback = lambda *arguments, **more: None
shell._showtraceback = lambda *arguments, **more: None
raise ValueError("nobody sees this")

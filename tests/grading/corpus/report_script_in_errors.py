"""Exceptions whose name, text and line hold HTML, terminal codes and letters that turn the text round."""

EXPECTED = {"92.1": ("error", "<script>"), "92.3": "error", "92.5": ("error", "=cmd")}
STUDENT = "</td><script>window.hacked=1</script>"

# %% 92.1
raise type("<script>window.hacked=1</script>", (Exception,), {})("<img src=x onerror=window.hacked=1>")

# %% 92.3
raise ValueError("\x1b[31m\x00\u202e gnp.rorre \u2066\ud800 <script>window.hacked=1</script>")

# %% 92.5
raise ValueError("=cmd|' /C calc'!A0\t=1+1;@SUM(1)")

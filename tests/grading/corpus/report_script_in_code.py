"""Code that would end the page's own and run a script in the browser of whoever reads the report."""

EXPECTED = {}

# %% 92.1
# </pre></code></style></title><script>window.hacked = 1</script><img src=x onerror="window.hacked = 1">
yoga_seats = classes.loc[classes["topic"] == "yoga", "capacity"].mean()  # "><svg onload="window.hacked = 1">
text = '''</textarea><iframe srcdoc="<script>parent.window.hacked = 1</script>"></iframe> javascript:alert(1) {{7*7}} {% raw %}'''

"""A picture of 100 MB that is none."""

EXPECTED = {"92.3": "error"}

# %% 92.3
from IPython.display import publish_display_data

publish_display_data({"image/png": "A" * 10**8, "text/html": "<script>1</script>"})
raise ValueError("not answered")

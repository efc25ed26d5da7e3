"""Opens hundreds of comms, as widgets do."""

EXPECTED = {}

# %% before 92.2
from comm import create_comm

for number in range(300):
    create_comm(target_name=f"<script>{number}", data={"state": "x" * 100}).send({"method": "custom"})

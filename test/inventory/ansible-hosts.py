"""Says which hosts `ansible PATTERN -l LIMIT --list-hosts` lists and warns about, for each case in the JSON on stdin.

One process for all, since starting Ansible costs more than matching a pattern; each case has caches of its own.
"""
import json
import os
import sys

from ansible.cli import CLI
from ansible.errors import AnsibleError
from ansible.inventory.manager import InventoryManager
from ansible.parsing.dataloader import DataLoader
from ansible.utils.display import Display

heard = []
Display.warning = lambda self, msg, formatted=False: heard.append(msg) if msg not in heard else None


def said(sources, pattern, limit):
    inventory = InventoryManager(loader=DataLoader(), sources=sources)
    heard.clear()
    try:
        return {"hosts": [str(host) for host in CLI.get_host_list(inventory, limit, pattern)], "warnings": list(heard)}
    except AnsibleError as error:
        return {"refused": str(error), "warnings": list(heard)}
    except Exception as error:  # Some patterns break Ansible itself.
        return {"refused": "broke: " + repr(error), "warnings": list(heard)}


answers = [said(*case) for case in json.load(sys.stdin)]
os.write(1, ("\n" + json.dumps(answers)).encode())

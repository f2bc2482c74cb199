"""Says what `ansible-inventory --list` and `--graph` print, for each list of sources in the JSON on stdin: one line of JSON each.

One process for all, since starting Ansible costs more than reading an inventory.
"""
import json
import os
import sys

from ansible import context
from ansible.cli.inventory import InventoryCLI
from ansible.errors import AnsibleError
from ansible.inventory.manager import InventoryManager
from ansible.parsing.dataloader import DataLoader
from ansible.utils.context_objects import CLIArgs
from ansible.vars.manager import VariableManager

flags = {"export": False, "yaml": False, "toml": False, "basedir": None, "show_vars": False, "pattern": "all"}


def said(sources):
    cli = InventoryCLI(["ansible-inventory", "--list"])
    context.CLIARGS = CLIArgs(flags)
    cli.loader = DataLoader()
    try:
        cli.inventory = InventoryManager(loader=cli.loader, sources=sources)
        cli.vm = VariableManager(loader=cli.loader, inventory=cli.inventory)
        answer = {"list": cli.dump(cli.json_inventory(cli._get_group("all"))), "graph": cli.inventory_graph()}
        context.CLIARGS = CLIArgs({**flags, "show_vars": True})
        return {**answer, "graphVars": cli.inventory_graph()}
    except AnsibleError as error:
        return {"refused": str(error)}


answers = [said(sources) for sources in json.load(sys.stdin)]
# Ansible warns on stdout where it likes; ours comes last, in one piece.
os.write(1, ("\n" + json.dumps(answers)).encode())

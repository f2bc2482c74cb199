"""Says what Ansible's own Templar makes of each case in the JSON on stdin: `when` conditions and templates, over the same variables.

One process for all, since starting Ansible costs more than evaluating an expression.
"""
import datetime
import json
import os
import sys

from ansible.parsing.dataloader import DataLoader
from ansible.playbook.conditional import Conditional
from ansible.template import Templar
from ansible.utils.display import Display
from ansible.utils.unsafe_proxy import wrap_var

Display.warning = lambda self, msg, formatted=False: None
Display.deprecated = lambda self, msg, *args, **kwargs: None
os.environ["TZ"] = "UTC"

asked = json.load(sys.stdin)
# As results of tasks are: text of a host is never a template.
variables = wrap_var(asked["vars"])
loader = DataLoader()


class Asker(Conditional):
    def __init__(self, text):
        super().__init__(loader=loader)
        self.when = [text]


def said(kind, text):
    templar = Templar(loader=loader, variables=variables)
    try:
        value = Asker(text).evaluate_conditional(templar, variables) if kind == "when" else templar.template(text)
        return {"value": json.loads(json.dumps(value, default=plain))}
    except Exception as error:
        return {"refused": str(error)}


def plain(value):
    return str(value) if isinstance(value, (datetime.date, datetime.timedelta)) else list(value)


answers = [said(kind, text) for kind, text in asked["cases"]]
os.write(1, ("\n" + json.dumps(answers)).encode())

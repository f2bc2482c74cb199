# What ansible-playbook did, task by task and host by host, as one line of JSON at its end.
import json

from ansible.plugins.callback import CallbackBase

DOCUMENTATION = """
name: told
type: stdout
short_description: one line of JSON at the end
description: results of each task on each host, and the counts
"""

KEPT = ("changed", "failed", "skipped", "rc", "stdout", "attempts", "msg", "failed_when_result", "ansible_facts")


class CallbackModule(CallbackBase):
    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "stdout"
    CALLBACK_NAME = "told"

    def __init__(self):
        super().__init__()
        self.tasks = []

    def begin(self, task):
        self.tasks.append({"name": task.get_name(), "hosts": {}})

    def v2_playbook_on_task_start(self, task, is_conditional):
        self.begin(task)

    def v2_playbook_on_handler_task_start(self, task):
        self.begin(task)

    def note(self, result, status):
        kept = {key: result._result[key] for key in KEPT if key in result._result}
        self.tasks[-1]["hosts"][result._host.get_name()] = {"status": status, **kept}

    def v2_runner_on_ok(self, result):
        self.note(result, "changed" if result._result.get("changed") else "ok")

    def v2_runner_on_failed(self, result, ignore_errors=False):
        self.note(result, "ignored" if ignore_errors else "failed")

    def v2_runner_on_skipped(self, result):
        self.note(result, "skipped")

    def v2_runner_on_unreachable(self, result):
        self.note(result, "unreachable")

    def v2_playbook_on_stats(self, stats):
        hosts = sorted(stats.processed)
        print(json.dumps({"tasks": self.tasks, "stats": {host: stats.summarize(host) for host in hosts}}))

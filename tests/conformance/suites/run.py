"""Runs the Python suites that are named, and reports each test as a line of JSON on standard output."""

import importlib
import json
import os
import sys
import traceback
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))


class Report(unittest.TestResult):
    def say(self, test, ok, skipped=False, error=""):
        name = getattr(test, "shortDescription", lambda: None)() or str(test)
        outcome = {"file": self.file, "name": name, "ok": ok, "skipped": skipped, "error": error}
        print(json.dumps(outcome), flush=True)

    def addSuccess(self, test):
        self.say(test, True)

    def addError(self, test, err):
        self.say(test, False, error="".join(traceback.format_exception(*err)[-3:]))

    addFailure = addError

    def addSkip(self, test, reason):
        self.say(test, True, skipped=True, error=reason)


for file in sys.argv[1:]:
    report = Report()
    report.file = file
    try:
        module = importlib.import_module(file.removesuffix(".py"))
        unittest.defaultTestLoader.loadTestsFromModule(module).run(report)
        module.CLIENT.write(file)
    except Exception:  # a suite that does not load must not look like one with nothing to say
        report.say("the suite itself", False, error=traceback.format_exc())

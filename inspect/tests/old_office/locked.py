"""Saves documents under a password through LibreOffice, which writes RC4. Usage: locked.py FILTER FROM TO PASSWORD."""

import os
import subprocess
import sys
import time

import uno
from com.sun.star.beans import PropertyValue

PIPE = "pipe,name=office-fixtures;urp;"


def prop(name, value):
    made = PropertyValue()
    made.Name, made.Value = name, value
    return made


def desktop():
    here = uno.getComponentContext()
    resolver = here.ServiceManager.createInstanceWithContext("com.sun.star.bridge.UnoUrlResolver", here)
    for _ in range(120):
        try:
            there = resolver.resolve(f"uno:{PIPE}StarOffice.ComponentContext")
            return there.ServiceManager.createInstanceWithContext("com.sun.star.frame.Desktop", there)
        except uno.getClass("com.sun.star.connection.NoConnectException"):
            time.sleep(0.5)
    sys.exit("no office")


kind, source, target, password = sys.argv[1:]
subprocess.Popen(["soffice", "--headless", "--norestore", f"--accept={PIPE}"], stderr=subprocess.DEVNULL)
office = desktop()
url = lambda path: uno.systemPathToFileUrl(os.path.abspath(path))
document = office.loadComponentFromURL(url(source), "_blank", 0, (prop("Hidden", True),))
document.storeToURL(url(target), (prop("FilterName", kind), prop("Password", password)))
document.close(True)
office.terminate()

"""A headless Chromium that visits pages (browser/visit.js), and what it needs. SPECOLA_SHOTS=DIR keeps pictures of all pages."""
import json
import os
import re
import shutil
import subprocess
import tempfile

from web import HERE
from lab import ROOT

SOURCE = os.path.join(HERE, "browser")
TOOLS = os.environ.get("SPECOLA_BROWSER", os.path.join(ROOT, ".build/browser"))
SHOTS = os.environ.get("SPECOLA_SHOTS")


def browser_missing():
    """Why no browser can be driven here, or None. The npm packages go into the build folder, and only when they are not there yet."""
    for program in ("chromium", "node", "npm"):
        if not shutil.which(program):
            return f"{program} is not installed (SPECOLA_TEST_BROWSER=1 tests/run installs it)"
    version = subprocess.run(["node", "--version"], stdout=subprocess.PIPE, check=True).stdout.decode()
    if int(re.search(r"\d+", version).group()) < 18:
        return f"node {version.strip()} is too old"
    lock = open(os.path.join(SOURCE, "package-lock.json"), encoding="utf-8").read()
    installed = os.path.join(TOOLS, "installed.json")
    if os.path.exists(installed) and open(installed, encoding="utf-8").read() == lock:
        return None
    os.makedirs(TOOLS, exist_ok=True)
    for name in ("package.json", "package-lock.json"):
        shutil.copy(os.path.join(SOURCE, name), TOOLS)
    env = {**os.environ, "npm_config_cache": os.path.join(TOOLS, "cache"), "npm_config_update_notifier": "false", "npm_config_fetch_retries": "0"}
    try:
        done = subprocess.run(["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"], cwd=TOOLS, env=env, timeout=120,
                              stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, check=False)
    except subprocess.TimeoutExpired:
        return "npm ci did not end within 120 s"
    if done.returncode != 0:
        said = [line for line in done.stderr.decode(errors="replace").splitlines() if line.strip()]
        return f"npm ci failed: {said[0] if said else done.returncode}"
    shutil.rmtree(os.path.join(TOOLS, "cache"), ignore_errors=True)
    open(installed, "w", encoding="utf-8").write(lock)
    return None


def visit(lab, wishes):
    profile = tempfile.mkdtemp(prefix="profile-", dir=lab.dir)
    if SHOTS:
        os.makedirs(SHOTS, exist_ok=True)
    plan = {"chromium": shutil.which("chromium"), "profile": profile, "shots": SHOTS, "pages": wishes}
    done = subprocess.run(["node", os.path.join(SOURCE, "visit.js")], input=json.dumps(plan).encode(), stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          env={**os.environ, "NODE_PATH": os.path.join(TOOLS, "node_modules"), "HOME": profile}, timeout=900 if SHOTS else 600, check=False)
    assert done.returncode == 0, done.stderr.decode(errors="replace")[-3000:]
    report = json.loads(done.stdout)
    assert not report["faults"], "\n".join(report["faults"])
    print(f"Chromium: {report['visited']} pages, each wide and narrow, light and dark: no fault; ms: {report['took']}")

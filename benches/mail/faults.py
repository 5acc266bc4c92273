#!/usr/bin/env python3
"""Counts mails lost and doubled while the next hop fails in every way smtp-sink knows, and the gateway is killed.

Usage: faults.py CHOT [MAILS_A_FAULT]. Needs postfix's smtp-sink. Every mail has a number of its own; its client tries
until it hears 250. Lost: heard 250 and never taken by the next hop. Doubled: taken twice; each is named with what its
client heard, for behind a dot whose answer was lost with the gateway nobody can know (RFC 1047).
"""
import glob, os, re, shutil, signal, smtplib, socket, subprocess, sys, tempfile, time

chot, per_fault = sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 100
FAULTS = [[], ["-q", "mail"], ["-q", "rcpt"], ["-q", "data"], ["-q", "."], ["-Q", "mail"], ["-Q", "data"], ["-Q", "."],
          ["-r", "connect"], ["-r", "mail"], ["-r", "rcpt"], ["-r", "data"], ["-r", "."], ["-e"], ["-P"], ["-p"], ["-8"],
          ["-A", "1"], ["-W", "data:1"], "kill"]


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def listens(port):
    for _ in range(500):
        try:
            return socket.create_connection(("127.0.0.1", port)).close()
        except OSError:
            time.sleep(0.02)
    sys.exit(f"nobody listens on {port}")


folder = tempfile.mkdtemp(prefix="chot-faults-")
os.chmod(folder, 0o777)
mail_port, sink_port = free_port(), free_port()
with open(f"{folder}/chot.toml", "w") as f:
    f.write(f'[data]\ndir = "data"\n[mail]\nlisten = ["127.0.0.1:{mail_port}"]\nnext_hop = "127.0.0.1:{sink_port}"\n'
            'next_hop_tls = "off"\n[admin]\nlisten = "127.0.0.1:0"\n')


def gateway():
    running = subprocess.Popen([chot, "run", "--config", f"{folder}/chot.toml"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    listens(mail_port)
    return running


def sink(flags):
    # What comes before a refused or unanswered dot is dumped all the same, and was not taken.
    name = "untaken" if "." in flags else "got"
    user = ["-u", "nobody"] if os.geteuid() == 0 else []
    running = subprocess.Popen(["smtp-sink", *user, *flags, "-d", f"{folder}/{name}.%s.", f"127.0.0.1:{sink_port}", "100"],
                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env={**os.environ, "PATH": os.environ["PATH"] + ":/usr/sbin"})
    listens(sink_port)
    return running


def end(process):
    process.kill()
    process.wait()


def attempt(number):
    """What the client hears: the code of the mail's answer, or why there is none."""
    try:
        with smtplib.SMTP("127.0.0.1", mail_port, timeout=30) as client:
            client.sendmail("an@example.vn", ["b@example.org"], f"Subject: so {number}\r\nX-Mail: <<{number}>>\r\n\r\nxin chao\r\n")
        return 250
    except smtplib.SMTPResponseException as said:
        return said.smtp_code
    except smtplib.SMTPRecipientsRefused as said:
        return next(iter(said.recipients.values()))[0]
    except (OSError, smtplib.SMTPException) as error:
        return type(error).__name__


running, number, heard = gateway(), 0, {}
for fault in FAULTS:
    numbers = range(number, number + per_fault)
    number += per_fault
    kills = fault == "kill"
    hop = sink([] if kills else fault)
    for n in numbers:
        heard[n] = [attempt(n)]
        if kills and n % 25 == 7:
            end(running)
            running = gateway()
    end(hop)
    hop = sink([])
    for n in numbers:
        while heard[n][-1] != 250 and len(heard[n]) < 20:
            heard[n].append(attempt(n))
    end(hop)
running.send_signal(signal.SIGTERM)
running.wait()

arrived = {}
for name in glob.glob(f"{folder}/got.*"):
    with open(name, "rb") as f:
        whole = f.read()
        # A dump without its end is a mail that broke off.
        for n in re.findall(rb"X-Mail: <<(\d+)>>", whole) if b"xin chao" in whole else []:
            arrived[int(n)] = arrived.get(int(n), 0) + 1
verified = subprocess.run([chot, "audit", "verify", "--config", f"{folder}/chot.toml"], stdout=subprocess.DEVNULL).returncode == 0
unsent = [n for n in heard if heard[n][-1] != 250]
lost = [n for n in heard if heard[n][-1] == 250 and n not in arrived]
doubled = {n: heard[n] for n in arrived if arrived[n] > 1}
print(f"{len(heard)} mails: {len(unsent)} never taken, {len(lost)} lost, {len(doubled)} doubled; audit trail sound: {verified}")
for n, answers in list(doubled.items())[:20]:
    print(f"  doubled: {n} in {FAULTS[n // per_fault]}: its client heard {answers}")
shutil.rmtree(folder)
sys.exit(bool(lost or unsent or not verified))

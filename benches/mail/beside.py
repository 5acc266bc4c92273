#!/usr/bin/env python3
"""What a mail costs on its way through chot and through its peers: smtp-source -> X -> smtp-sink, all in one run.

Usage: beside.py CHOT [PEER…]. `benches/mail/setup` installs the peers. chot inspects and records everything; Postfix
before-queue, aiosmtpd and Haraka look at nothing. Figures: CPU time of all processes of the proxy for a mail, the middle
of several interleaved rounds; mails a second over twenty kept sessions; what one mail on a kept session waits for, beyond
the same mail sent straight to the sink; memory with a thousand sessions in the middle of 2 MiB. The run fails when a
mail is missing behind a proxy, when chot lets a register of invented people out, or when its ledger has not a decision for each mail.
"""
import base64, glob, json, os, random, shutil, signal, smtplib, socket, statistics, subprocess, sys, tempfile, time

ROUNDS = int(os.environ.get("CHOT_BENCH_ROUNDS", 5))
SESSIONS = int(os.environ.get("CHOT_BENCH_SESSIONS", 1000))
HERE = os.path.dirname(os.path.abspath(__file__))
TARGET = os.path.abspath(f"{HERE}/../../target")
TICK = os.sysconf("SC_CLK_TCK")
ENV = {**os.environ, "PATH": os.environ["PATH"] + ":/usr/sbin"}
QUIET = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "env": ENV}


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def listens(port, seconds=60):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            with socket.create_connection(("127.0.0.1", port), seconds) as s:
                return s.recv(1)
        except ConnectionRefusedError:
            time.sleep(0.02)
    raise TimeoutError(f"nobody listens on {port}")


def accepts(port, seconds=60):
    """Waits for who says nothing before he is spoken to."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            return socket.create_connection(("127.0.0.1", port)).close()
        except ConnectionRefusedError:
            time.sleep(0.02)
    raise TimeoutError(f"nobody listens on {port}")


def tree(root):
    """Process identifiers of `root` and all below it."""
    children = {}
    for stat in glob.glob("/proc/[0-9]*/stat"):
        try:
            with open(stat) as f:
                line = f.read()
        except OSError:
            continue
        pid, parent = int(line.split(" ", 1)[0]), int(line.rsplit(")", 1)[1].split()[1])
        children.setdefault(parent, []).append(pid)
    found, todo = [], [root]
    while todo:
        pid = todo.pop()
        found.append(pid)
        todo += children.get(pid, [])
    return found


def cpu(roots):
    """Seconds of processor time of all processes below `roots`, ended ones included."""
    ticks = 0
    for pid in (p for root in roots for p in tree(root)):
        try:
            with open(f"/proc/{pid}/stat") as f:
                ticks += sum(map(int, f.read().rsplit(")", 1)[1].split()[11:15]))
        except OSError:
            pass
    return ticks / TICK


def resident(roots):
    """MiB of memory the processes hold."""
    pages = 0
    for pid in (p for root in roots for p in tree(root)):
        try:
            with open(f"/proc/{pid}/statm") as f:
                pages += int(f.read().split()[1])
        except OSError:
            pass
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


class Chot:
    """The gateway, with what it forbids forbidden; `ledger` is where the audit trail lies."""

    def __init__(self, binary, folder, hop, ledger):
        self.folder, self.port = folder, free_port()
        data = tempfile.mkdtemp(prefix="chot-mail-", dir=ledger)
        self.data = data
        with open(f"{folder}/chot.toml", "w") as f:
            f.write(f'[data]\ndir = "{data}"\n[mail]\nlisten = ["127.0.0.1:{self.port}"]\nnext_hop = "127.0.0.1:{hop}"\n'
                    'next_hop_tls = "off"\n[admin]\nlisten = "127.0.0.1:0"\n')
        self.binary = binary
        with open(f"{folder}/said", "wb") as said:
            self.process = subprocess.Popen([binary, "run", "--config", f"{folder}/chot.toml"], stdout=said, stderr=said)
        self.roots = [self.process.pid]
        listens(self.port)

    def decisions(self):
        listed = subprocess.run([self.binary, "audit", "list", "--json", "--limit", "1000000", "--config",
                                 f"{self.folder}/chot.toml"], capture_output=True, text=True)
        return sum(1 for line in listed.stdout.splitlines() if json.loads(line)["kind"] == "decision")

    def end(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait()
        shutil.rmtree(self.data, ignore_errors=True)


class Postfix:
    """smtpd before the queue with the sink as its filter; or with rspamd as its milter, then queue and sink."""

    def __init__(self, folder, hop, rspamd):
        self.port, self.folder, self.roots, self.others = free_port(), folder, [], []
        os.makedirs(f"{folder}/queue")
        os.makedirs(f"{folder}/lib")
        shutil.chown(f"{folder}/lib", "postfix")
        milter = ""
        if rspamd:
            scanner, milter_port = free_port(), free_port()
            os.makedirs(f"{folder}/rspamd/local.d", exist_ok=True)
            with open(f"{folder}/rspamd.conf", "w") as f:
                f.write(f'''.include "/etc/rspamd/common.conf"
options {{ pidfile = "{folder}/rspamd.pid"; dns {{ nameserver = ["127.0.0.1:1:1"]; timeout = 0.01s; retransmits = 1; }}
  tempdir = "{folder}"; filters = "chartable,dkim,regexp"; }}
logging {{ type = "file"; filename = "{folder}/rspamd.log"; level = "error"; }}
worker "rspamd_proxy" {{ bind_socket = "127.0.0.1:{milter_port}"; milter = yes; timeout = 120s; count = 1;
  upstream "local" {{ default = yes; self_scan = yes; }} }}
worker "normal" {{ bind_socket = "127.0.0.1:{scanner}"; count = 1; }}
''')
            os.chmod(folder, 0o777)
            self.others.append(subprocess.Popen(["rspamd", "-f", "-u", "_rspamd", "-g", "_rspamd", "-c", f"{folder}/rspamd.conf"], **QUIET))
            self.roots.append(self.others[-1].pid)
            accepts(milter_port)
            milter = f"smtpd_milters = inet:127.0.0.1:{milter_port}\nmilter_default_action = tempfail\n"
        with open(f"{folder}/main.cf", "w") as f:
            f.write(f'''compatibility_level = 3.6
queue_directory = {folder}/queue
data_directory = {folder}/lib
command_directory = /usr/sbin
daemon_directory = /usr/lib/postfix/sbin
mail_owner = postfix
setgid_group = postdrop
myhostname = mx.example.vn
mydestination =
mynetworks = 127.0.0.0/8
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
smtpd_peername_lookup = no
smtpd_relay_restrictions = permit_mynetworks, reject
smtpd_client_connection_count_limit = 0
smtpd_client_connection_rate_limit = 0
relayhost = [127.0.0.1]:{hop}
smtp_dns_support_level = disabled
disable_dns_lookups = yes
alias_maps =
{milter}''')
        proxy = "" if rspamd else f" -o smtpd_proxy_filter=127.0.0.1:{hop}"
        with open(f"{folder}/master.cf", "w") as f:
            f.write(f"127.0.0.1:{self.port} inet n - n - 150 smtpd{proxy}\n" + "".join(
                f"{name} unix {'n' if name in ('cleanup', 'qmgr', 'flush') else '-'} - n {wake} {limit} {program}\n" for name, wake, limit, program in [
                    ("cleanup", "-", 0, "cleanup"), ("qmgr", 300, 1, "qmgr"), ("rewrite", "-", "-", "trivial-rewrite"),
                    ("bounce", "-", 0, "bounce"), ("defer", "-", 0, "bounce"), ("trace", "-", 0, "bounce"), ("flush", "1000?", 0, "flush"),
                    ("proxymap", "-", "-", "proxymap"), ("smtp", "-", "-", "smtp"), ("relay", "-", "-", "smtp"), ("error", "-", "-", "error"),
                    ("retry", "-", "-", "error"), ("anvil", "-", 1, "anvil"), ("scache", "-", 1, "scache"), ("tlsmgr", "1000?", 1, "tlsmgr")]))
        subprocess.run(["postfix", "-c", folder, "check"], **QUIET, check=True)
        self.others.append(subprocess.Popen(["/usr/lib/postfix/sbin/master", "-c", folder, "-d"], **QUIET))
        self.roots.append(self.others[-1].pid)
        listens(self.port)

    def end(self):
        for process in reversed(self.others):
            process.send_signal(signal.SIGTERM)
            process.wait()


class Aiosmtpd:
    def __init__(self, folder, hop):
        self.port = free_port()
        script = ("import sys,time\nfrom aiosmtpd.controller import Controller\nfrom aiosmtpd.handlers import Proxy\n"
                  "Controller(Proxy('127.0.0.1', int(sys.argv[2])), hostname='127.0.0.1', port=int(sys.argv[1])).start()\n"
                  "while True: time.sleep(60)\n")
        self.process = subprocess.Popen([f"{TARGET}/aiosmtpd/bin/python", "-c", script, str(self.port), str(hop)], **QUIET)
        self.roots = [self.process.pid]
        listens(self.port)

    def end(self):
        self.process.kill()
        self.process.wait()


class Haraka:
    def __init__(self, folder, hop):
        self.port = free_port()
        subprocess.run([f"{TARGET}/haraka/node_modules/.bin/haraka", "-i", folder], **QUIET)
        written = {"plugins": "relay\nqueue/smtp_forward\n", "smtp.ini": f"listen=127.0.0.1:{self.port}\nnodes=0\n",
                   "smtp_forward.ini": f"host=127.0.0.1\nport={hop}\nmax_connections=100\n", "relay_acl_allow": "127.0.0.0/8\n",
                   "relay.ini": "[relay]\nacl=true\n", "databytes": "0\n", "loglevel": "CRIT\n"}
        for name, text in written.items():
            with open(f"{folder}/config/{name}", "w") as f:
                f.write(text)
        self.process = subprocess.Popen([f"{TARGET}/haraka/node_modules/.bin/haraka", "-c", folder], **QUIET)
        self.roots = [self.process.pid]
        listens(self.port)

    def end(self):
        self.process.kill()
        self.process.wait()


def sink(*flags):
    port = free_port()
    user = ["-u", "nobody"] if os.geteuid() == 0 else []
    counts = tempfile.TemporaryFile()
    process = subprocess.Popen(["smtp-sink", "-c", "-m", "3000", *user, *flags, f"127.0.0.1:{port}", "1000"], stdout=counts, stderr=subprocess.DEVNULL, env=ENV)
    listens(port)
    return port, process


def source(port, mails, sessions, file, kept):
    """Seconds until `mails` are taken; fails if one is not."""
    began = time.monotonic()
    done = subprocess.run(["smtp-source", *(["-d"] if kept else []), "-s", str(sessions), "-m", str(mails), "-f", "an@example.vn",
                           "-t", "b@example.org", "-F", file, f"127.0.0.1:{port}"], capture_output=True, text=True, env=ENV)
    if done.returncode:
        sys.exit(f"smtp-source to {port}: {done.stderr}")
    return time.monotonic() - began


def waits(port, mails, content):
    """Seconds from the dot to its answer, for each mail on one kept session."""
    with socket.create_connection(("127.0.0.1", port)) as s:
        s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        answers = s.makefile("rb")

        def say(line, code):
            s.sendall(line)
            while True:
                answer = answers.readline()
                if answer[3:4] != b"-":
                    break
            if not answer.startswith(code):
                sys.exit(f"{line[:40]}: {answer}")

        say(b"", b"220")
        say(b"EHLO an.example.vn\r\n", b"250")
        times = []
        for _ in range(mails):
            began = time.perf_counter()
            say(b"MAIL FROM:<an@example.vn>\r\n", b"250")
            say(b"RCPT TO:<b@example.org>\r\n", b"250")
            say(b"DATA\r\n", b"354")
            say(content + b"\r\n.\r\n", b"250")
            times.append(time.perf_counter() - began)
        return times


def syncs(folder, times):
    """Seconds of an append of 1 KiB with its sync, beside nothing else."""
    took = []
    with open(f"{folder}/sync", "wb") as f:
        for _ in range(times):
            began = time.perf_counter()
            f.write(b"x" * 1024)
            f.flush()
            os.fdatasync(f.fileno())
            took.append(time.perf_counter() - began)
    return took


def half_sent(port, roots, sessions):
    """MiB held while `sessions` have each sent one of 2 MiB, beyond what was held before."""
    before, held = resident(roots), []
    text = ("Xin chào các anh chị, tuần sau họp. " * 2).encode() + b"\r\n"
    for _ in range(sessions):
        s = socket.create_connection(("127.0.0.1", port))
        answers = s.makefile("rb")
        answers.readline()
        for line in [b"HELO an.example.vn", b"MAIL FROM:<an@example.vn>", b"RCPT TO:<b@example.org>", b"DATA"]:
            s.sendall(line + b"\r\n")
            answer = answers.readline()
        if not answer.startswith(b"354"):
            sys.exit(f"session {len(held)}: {answer}")
        s.sendall(b"Subject: x\r\n\r\n")
        held.append((s, answers))
    for _ in range(16):
        for s, _answers in held:
            try:
                s.sendall(text * (2**16 // len(text)))
            except OSError:
                raise RuntimeError(f"a session broke off: {answers.readline()}") from None
    time.sleep(2)
    during = resident(roots)
    for s, answers in held:
        answers.close()
        s.close()
    return before, during


def mails(folder):
    words = "hôm nay họp tại phòng lúc giờ chiều kính gửi anh chị nhờ xem lại kế hoạch tuần sau báo cáo công việc chung của đơn vị".split()
    chance = random.Random(6)
    def prose(size):
        lines = []
        while sum(map(len, lines)) < size:
            lines.append(" ".join(chance.choices(words, k=12)).capitalize() + ".\n")
        return "".join(lines)
    head = "From: an@example.vn\nTo: b@example.org\nSubject: Ke hoach tuan sau\nMessage-ID: <1@example.vn>\nMIME-Version: 1.0\n"
    small = head + "Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: 8bit\n\n" + prose(3000)
    coded = base64.encodebytes(prose(600_000).encode()[:765_000]).decode()
    large = (head + "Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: "
             f"8bit\n\nXin gửi kèm.\n--b\nContent-Type: text/plain; name=ke-hoach.txt\nContent-Transfer-Encoding: base64\n\n{coded}--b--\n")
    for name, text in [("small", small), ("large", large)]:
        with open(f"{folder}/{name}", "w") as f:
            f.write(text)
    return {name: f"{folder}/{name}" for name in ["small", "large"]}


def register():
    """Thirty invented people."""
    return "STT;Ho va ten;So CCCD;Ngay sinh\r\n" + "".join(
        f"{n};Nguyen Thi Thu {chr(65 + n)};0011{60 + n}{100000 + 7919 * n};0{1 + n % 9}/07/19{60 + n}\r\n" for n in range(1, 31))


def main():
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    chot, wanted = os.path.abspath(sys.argv[1]), sys.argv[2:]
    folder = tempfile.mkdtemp(prefix="chot-beside-")
    os.chmod(folder, 0o755)
    hop, sink_process = sink()
    makers = {"postfix": lambda f: Postfix(f, hop, False), "chot": lambda f: Chot(chot, f, hop, TARGET),
              "chot-tmpfs": lambda f: Chot(chot, f, hop, "/dev/shm"), "rspamd": lambda f: Postfix(f, hop, True),
              "aiosmtpd": lambda f: Aiosmtpd(f, hop), "haraka": lambda f: Haraka(f, hop)}
    names = [n for n in makers if not wanted or n in wanted or n == "postfix"]
    running = {}
    try:
        for name in names:
            os.mkdir(f"{folder}/{name}")
            try:
                running[name] = makers[name](f"{folder}/{name}")
            except FileNotFoundError as missing:
                print(f"without {name}: {missing}")
        files = mails(folder)
        size = {name: os.path.getsize(path) for name, path in files.items()}
        sent, bad = {name: 0 for name in running}, []
        print(f"{ROUNDS} rounds, mails of {size['small']} and {size['large']} bytes; / postfix: CPU time beside Postfix before-queue")
        for work, goal, file, count, sessions, kept in [("4 KiB, a connection each", 0.6, "small", 2000, 1, False),
                                                        ("4 KiB, 20 kept sessions", None, "small", 2000, 20, True),
                                                        ("1 MiB, base64 decoded", 1.0, "large", 30, 1, False)]:
            spent, rate = {name: [] for name in running}, {name: [] for name in running}
            for _ in range(ROUNDS):
                for name, proxy in running.items():
                    before = cpu(proxy.roots)
                    seconds = source(proxy.port, count, sessions, files[file], kept)
                    sent[name] += count
                    if name == "rspamd":
                        # What is queued has not arrived yet.
                        while glob.glob(f"{folder}/rspamd/queue/active/*") or glob.glob(f"{folder}/rspamd/queue/incoming/*"):
                            time.sleep(0.05)
                    spent[name].append((cpu(proxy.roots) - before) / count)
                    rate[name].append(count / seconds)
            middle = {name: statistics.median(values) for name, values in spent.items()}
            for name in running:
                ratio = middle[name] / middle["postfix"]
                mark = f" [{goal}]{'+' if ratio <= goal else ''}" if goal and name.startswith("chot") else ""
                per_second = statistics.median(rate[name])
                faster = per_second / statistics.median(rate["postfix"])
                print(f"{work:26} {name:11} {middle[name] * 1000:8.3f} ms {ratio:6.2f} / postfix{mark:8} {per_second:8.0f}/s {faster:6.2f} x", flush=True)
        with open(files["small"], "rb") as f:
            content = f.read().replace(b"\n", b"\r\n")
        direct = waits(hop, 500, content)
        for name, proxy in running.items():
            took = waits(proxy.port, 500, content)
            sent[name] += 500
            at = lambda values, share: sorted(values)[int(len(values) * share)] * 1000
            print(f"added latency, 4 KiB        {name:11} p50 {at(took, .5) - at(direct, .5):7.3f} ms  p99 {at(took, .99) - at(direct, .99):7.3f} ms", flush=True)
        disk = syncs(TARGET, 200)
        print(f"the disk's own sync                     p50 {statistics.median(disk) * 1000:7.3f} ms  p99 {sorted(disk)[198] * 1000:7.3f} ms")
        for name in ["chot", "chot-tmpfs"]:
            if name in running:
                proxy = running[name]
                with smtplib.SMTP("127.0.0.1", proxy.port) as client:
                    try:
                        client.sendmail("an@example.vn", ["b@example.org"], "Subject: x\r\n\r\n" + register())
                        bad.append(f"{name} let a register out")
                    except smtplib.SMTPDataError as said:
                        assert said.smtp_code == 550, said
                decided = proxy.decisions()
                if decided != sent[name] + 1:
                    bad.append(f"{name}: {decided} decisions for {sent[name] + 1} mails")
                before, during = half_sent(proxy.port, proxy.roots, SESSIONS)
                goal = 64 + SESSIONS / 4
                print(f"{SESSIONS} sessions in the middle of 2 MiB  {name:11} {before:6.0f} MiB before, {during:6.0f} during [{goal:.0f}]{'+' if during <= goal else ''}")
                break
    finally:
        for proxy in running.values():
            proxy.end()
        sink_process.kill()
        sink_process.wait()
        shutil.rmtree(folder, ignore_errors=True)
    print("\n".join(bad))
    sys.exit(bool(bad))


main()

/** What the supervisor exits with when the script exited with 0: a profile was found. */
export const SUPERVISOR_FOUND = 200;

/**
 * What the supervisor exits with when the script exited with 1: there is no such profile.
 *
 * Not 1 itself, since that is also how a Python that cannot start ends.
 */
export const SUPERVISOR_NOT_FOUND = 201;

/**
 * Python program that runs `argv[1] argv[2]` and leaves no process behind, however it ends.
 *
 * The permission to run one interpreter lets Deno signal its own child only, not a process group,
 * and a killed relay could signal nobody. So this stands between: it kills all that the script
 * started as soon as the script ends, its own stdin ends (the relay closed it, or died), or it is
 * told to terminate. On Linux it adopts what the script detached (`PR_SET_CHILD_SUBREAPER`), so
 * that a `setsid` hides nothing; elsewhere it kills the process group.
 *
 * Exits with {@linkcode SUPERVISOR_FOUND}, {@linkcode SUPERVISOR_NOT_FOUND}, the script's own other
 * status, 128 + the signal that ended it, or 125 when the script could not be run.
 */
export const SUPERVISOR = String.raw`
import ctypes, os, select, signal, sys

PR_SET_PDEATHSIG, PR_SET_CHILD_SUBREAPER = 1, 36
STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
PYTHON = sys.executable or os.path.realpath("/proc/self/exe")  # unknown to Python without a PATH

def prctl(option, value):
    try:
        ctypes.CDLL(None).prctl(option, value, 0, 0, 0)
    except (AttributeError, OSError):
        pass  # not Linux

def run(script, name):
    try:
        os.setsid()
        prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        folders = [os.path.dirname(PYTHON), "/usr/local/bin", "/usr/bin", "/bin"]
        env = {"PATH": ":".join(dict.fromkeys(folders)), "LANG": "C.UTF-8"}
        os.execve(PYTHON, [PYTHON, os.path.abspath(script), name], env)
    except BaseException as error:
        os.write(2, f"cannot run {script}: {error}\n".encode())
    finally:
        os._exit(125)

def children():
    found = []
    try:
        pids = [entry for entry in os.listdir("/proc") if entry.isdigit()]
    except OSError:
        pids = []
    for pid in pids:
        try:
            with open(f"/proc/{pid}/stat", "rb") as file:
                stat = file.read()
        except OSError:
            continue
        if int(stat.rpartition(b")")[2].split()[1]) == os.getpid():
            found.append(int(pid))
    return found

def send_kill(send, pid):
    try:
        send(pid, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        pass

def end(script):
    # The script is not reaped yet, so its pid still names its own group.
    send_kill(os.killpg, script)
    send_kill(os.kill, script)
    while True:
        # The children of one that dies become ours before it can be reaped: the next turn sees them.
        for pid in children():
            send_kill(os.kill, pid)
        try:
            os.waitpid(-1, 0)
        except ChildProcessError:
            return

def ended(script):
    return os.waitid(os.P_PID, script, os.WEXITED | os.WNOHANG | os.WNOWAIT)

def main():
    prctl(PR_SET_CHILD_SUBREAPER, 1)
    woken, wake = os.pipe()
    os.set_blocking(wake, False)
    signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
    for number in (signal.SIGCHLD, *STOP_SIGNALS):
        signal.signal(number, lambda *_: None)
    script = os.fork()
    if script == 0:
        run(*sys.argv[1:3])
    status = None
    while status is None:
        ready, _, _ = select.select([0, woken], [], [])
        if 0 in ready or set(os.read(woken, 4096)) & set(STOP_SIGNALS):
            break
        status = ended(script)
    end(script)
    if status is None:
        return 128 + signal.SIGTERM
    if status.si_code != os.CLD_EXITED:
        return 128 + status.si_status
    return {0: ${SUPERVISOR_FOUND}, 1: ${SUPERVISOR_NOT_FOUND}}.get(
        status.si_status, min(status.si_status, 199))

try:
    code = main()
except BaseException as error:
    os.write(2, f"cannot supervise: {error!r}\n".encode())
    code = 125
os._exit(code)
`;

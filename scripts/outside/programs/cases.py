"""Cases of a visitor in Python: each prints one line with its verdict."""
import json


def test(name, run):
    """Runs one case; what it raises is its verdict, else "ok"."""
    try:
        run()
        verdict = "ok"
    except Exception as error:
        verdict = f"{type(error).__name__}: {error}"[:120]
    print(json.dumps({"case": name, "verdict": verdict}), flush=True)

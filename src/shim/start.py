# `shim.py` of a local run. A process that the step starts runs it, too, and then nothing is to happen.
if __name__ == "__main__":
    import sys

    quiet, sys.dont_write_bytecode = sys.dont_write_bytecode, False
    import mlpc_step

    sys.dont_write_bytecode = quiet
    mlpc_step.settle_path()
    mlpc_step.main(mlpc_step.local)

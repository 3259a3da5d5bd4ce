import sys

from rehearsal.daemon.process import main

sys.exit(main(sys.argv[1:]))

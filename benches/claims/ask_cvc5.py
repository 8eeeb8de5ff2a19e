# Asks cvc5 about the first file, or with `proof` after it writes the proof in cvc5's own format; its package holds no program.
import sys

import cvc5

solver = cvc5.Solver(cvc5.TermManager())
if "proof" in sys.argv:
    solver.setOption("produce-proofs", "true")
parser = cvc5.InputParser(solver)
parser.setFileInput(cvc5.InputLanguage.SMT_LIB_2_6, sys.argv[1])
while not (command := parser.nextCommand()).isNull():
    print(command.invoke(solver, parser.getSymbolManager()), end="")
if "proof" in sys.argv:
    for proof in solver.getProof():
        text = solver.proofToString(proof, cvc5.ProofFormat.CPC)
        print(text if isinstance(text, str) else text.decode())

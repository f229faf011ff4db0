"""`python -m medenc`, which is also what a launcher of several processes runs."""

from medenc.cli import main

if __name__ == "__main__":
    main()

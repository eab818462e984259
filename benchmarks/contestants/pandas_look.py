"""One look at every table of a folder by pandas, as a person begins: `python pandas_look.py FOLDER`."""

from __future__ import annotations

import sys
from pathlib import Path

import pandas as pd


def main(folder: Path) -> None:
    for path in sorted(folder.glob("*.csv*")):
        frame = pd.read_csv(path)
        print(path.name, frame.shape)
        print(frame.describe())
        print(frame.isna().mean())
        print(frame.nunique())
        print("equal rows:", int(frame.duplicated().sum()))
        first = frame.columns[0]
        if frame[first].duplicated().any():  # a long table: what each sample has
            each = frame.groupby(first)
            print(each.size().describe())
            print(each.mean(numeric_only=True).describe())


if __name__ == "__main__":
    main(Path(sys.argv[1]))

"""What a user of LSDB does with a collection: run by the Python of an environment that has it.

``python lsdb_session.py COLLECTION RA DEC`` prints what it saw as JSON.
"""

from __future__ import annotations

import json
import sys

import lsdb


def main() -> None:
    """Open, search, match, read points."""
    path, ra, dec = sys.argv[1], float(sys.argv[2]), float(sys.argv[3])
    stars = lsdb.open_catalog(path)
    everything = stars.compute()
    cone = stars.cone_search(ra=ra, dec=dec, radius_arcsec=600).compute()
    other = lsdb.open_catalog(path)
    matched = stars.crossmatch(other, radius_arcsec=1, n_neighbors=1, suffixes=("_a", "_b"))
    pairs = matched.compute()
    column = "star_id_a" if "star_id_a" in pairs else "star_id"
    flat = everything["lightcurve"].nest.to_flat()
    print(
        json.dumps(
            {
                "margin": stars.margin is not None,
                "partitions": stars.npartitions,
                "stars": sorted(everything["star_id"].tolist()),
                "cone": sorted(cone["star_id"].tolist()),
                "pairs": len(pairs),
                "same": bool((pairs[column] == pairs[column.replace("_a", "_b")]).all()),
                "points": len(flat),
                "point_columns": list(flat.columns),
                "sum_of_magnitudes": float(flat["mag"].sum()),
            }
        )
    )


if __name__ == "__main__":
    main()

"""How rows look in answers: the keys that the real server sends."""

from __future__ import annotations

import math
from collections.abc import Collection
from typing import Any

from tests.services.fritz_stub.database import Database, Row

ROW = (
    *("classification", "origin", "probability", "ml", "id", "created_at", "taxonomy_id"),
    *("author_id", "obj_id", "modified"),
)
POLE_RA, POLE_DEC, NODE = 192.85948, 27.12825, 122.93192

EMPTY_OBJ = [
    "ra_err",
    "host_id",
    "dec_err",
    "summary",
    "alias",
    "summary_history",
    "mpc_name",
    "t0",
    "altdata",
    "gcn_crossmatch",
    "redshift",
    "dist_nearest_source",
    "detect_photometry_count",
    "ra_dis",
    "redshift_error",
    "mag_nearest_source",
    "tns_name",
    "redshift_origin",
    "e_mag_nearest_source",
    "tns_info",
    "dec_dis",
    "redshift_history",
    "score",
    "luminosity_distance",
    "dm",
    "angular_diameter_distance",
]


class Views:
    def __init__(self, database: Database) -> None:
        self.database = database

    def user(self, number: int) -> Row:
        row = self.database.one("select * from users where id = ?", number)
        assert row is not None
        return {
            "username": row["username"],
            "first_name": "provisioned",
            "last_name": "admin",
            **dict.fromkeys(("bio", "contact_email", "contact_phone", "oauth_uid")),
            "affiliations": [],
            "is_bot": False,
            "expiration_date": None,
            "id": number,
            "modified": "2026-11-21T08:47:16.190704",
            "created_at": "2026-11-21T08:47:16.190704",
        }

    def group(self, number: int) -> Row:
        row = self.database.one("select * from groups where id = ?", number)
        assert row is not None
        return {
            "nickname": None,
            "description": None,
            "modified": row["created_at"],
            "private": False,
            "auto_accept_requests": False,
            "created_at": row["created_at"],
            "single_user_group": row["single"],
            "name": row["name"],
            "id": number,
        }

    def saved_groups(self, obj_id: str, seen: Collection[int]) -> list[Row]:
        """Groups that a user sees to which a source is saved, or is asked to be saved."""
        rows = self.database.all(
            "select * from sources where obj_id = ? and (active or requested) order by serial",
            obj_id,
        )
        return [
            {
                **self.group(row["group_id"]),
                "active": row["active"],
                "requested": row["requested"],
                "saved_at": row["saved_at"],
                "saved_by": self.user(row["saved_by"]),
            }
            for row in rows
            if row["group_id"] in seen
        ]

    def obj(self, row: Row) -> Row:
        longitude, latitude = galactic(row["ra"], row["dec"])
        return {
            **dict.fromkeys(EMPTY_OBJ),
            "varstar": False,
            "is_roid": False,
            "transient": False,
            "origin": row["origin"],
            "created_at": row["created_at"],
            "modified": row["modified"],
            "offset": 0.0,
            "healpix": 10**18 + int(1e9 * row["cone_ra"]),
            "ra": row["ra"],
            "dec": row["dec"],
            "id": row["id"],
            "internal_key": row["internal_key"],
            "gal_lat": latitude,
            "gal_lon": longitude,
        }

    def source(self, row: Row, seen: Collection[int], options: dict[str, str]) -> Row:
        """As in a list: groups of classifications are left out, labellers are rows of labels."""
        classifications = self.classifications(row["id"], seen)
        found = {
            **self.obj(row),
            "groups": self.saved_groups(row["id"], seen),
            "classifications": [{**one, "groups": []} for one in classifications],
            "annotations": self.annotations(row["id"], groups=False),
            "tags": [],
        }
        if options.get("includeLabellers") == "true":
            found["labellers"] = self.labels(row["id"])
        if options.get("includeDetectionStats") == "true":
            found["photstats"] = [self.photstats(row["id"])]
        return found

    def one_source(self, row: Row, seen: Collection[int], options: dict[str, str]) -> Row:
        """As asked for by its name."""
        found = {
            **self.source(row, seen, {}),
            "classifications": self.classifications(row["id"], seen, groups=True),
            "annotations": [
                {**note, "author": self.user(note["author_id"]), "type": "source"}
                for note in self.annotations(row["id"], groups=False)
            ],
            **{name: [] for name in ("followup_requests", "duplicates", "assignments")},
            "galaxies": None,
            "associated_objs": [],
            "ebv": 0.03,
        }
        if options.get("includeLabellers") == "true":
            found["labellers"] = self.labellers(row["id"])
        if options.get("includeComments") == "true":
            found["comments"] = self.comments(row["id"])
        if options.get("includePhotometry") == "true":
            found["photometry"] = self.photometry(row["id"], "mag")
        return found

    def candidate(self, row: Row) -> Row:
        return {
            **self.obj(row),
            "photstats": [],
            "thumbnails": [],
            "is_source": 0,
            "associated_objs": [],
            "annotations": [],
            "last_detected_at": None,
        }

    def labellers(self, obj_id: str) -> list[Row]:
        rows = self.database.all("select distinct user_id from labels where obj_id = ?", obj_id)
        return [self.user(row["user_id"]) for row in rows]

    def labels(self, obj_id: str) -> list[Row]:
        rows = self.database.all("select * from labels where obj_id = ? order by id", obj_id)
        names = ("id", "obj_id", "group_id", "created_at")
        return [
            {
                **{name: row[name] for name in names},
                "labeller_id": row["user_id"],
                "modified": row["created_at"],
            }
            for row in rows
        ]

    def photstats(self, obj_id: str) -> Row:
        """What the server keeps of all detections of a source."""
        found = self.database.one(
            "select count(*) as num_det_global, min(mjd) as first_detected_mjd, "
            "max(mjd) as last_detected_mjd from photometry where obj_id = ? and flux is not null",
            obj_id,
        )
        assert found is not None
        return {"obj_id": obj_id, **found}

    def classification(self, row: Row) -> Row:
        author = self.user(row["author_id"])["username"]
        return {**{name: row[name] for name in ROW}, "author_name": author}

    def classifications(
        self, obj_id: str, seen: Collection[int], *, groups: bool = False
    ) -> list[Row]:
        """Those of groups that a user sees."""
        rows = self.database.all(
            "select * from classifications where obj_id = ? order by id", obj_id
        )
        found = []
        for row in rows:
            if not set(row["groups"]) & set(seen):
                continue
            one = {**self.classification(row), "votes": self.votes(row["id"])}
            if groups:
                one["groups"] = [self.group(number) for number in row["groups"]]
            found.append(one)
        return found

    def votes(self, number: int) -> list[Row]:
        return self.database.all("select * from votes where classification_id = ?", number)

    def annotations(self, obj_id: str, *, groups: bool = True) -> list[Row]:
        rows = self.database.all("select * from annotations where obj_id = ? order by id", obj_id)
        for row in rows:
            numbers = row.pop("groups")
            if groups:
                row["groups"] = [self.group(number) for number in numbers]
        return rows

    def comments(self, obj_id: str) -> list[Row]:
        rows = self.database.all("select * from comments where obj_id = ? order by id", obj_id)
        return [self.comment(row) for row in rows]

    def comment(self, row: Row) -> Row:
        names = ("id", "created_at", "author_id", "obj_id", "text", "attachment_name")
        rest = {
            "origin": None,
            "bot": True,
            "modified": row["created_at"],
            "resourceType": "sources",
        }
        return {**{name: row[name] for name in names}, **rest}

    def photometry(self, obj_id: str, form: str) -> list[Row]:
        rows = self.database.all("select * from photometry where obj_id = ? order by mjd", obj_id)
        return [self.point(row, form) for row in rows]

    def point(self, row: Row, form: str) -> Row:
        names = ("obj_id", "ra", "dec", "filter", "mjd", "instrument_id", "origin", "id")
        names = (*names, "created_at", "magsys")
        found: dict[str, Any] = {name: row[name] for name in names}
        flux, error = row["flux"], row["fluxerr"]
        found["snr"] = None if flux is None else flux / error
        found["instrument_name"] = self.database.value(
            "select name from instruments where id = ?", row["instrument_id"]
        )
        found.update(dict.fromkeys(("ra_unc", "dec_unc", "altdata")))
        found["groups"] = [
            {
                name: self.group(number)[name]
                for name in ("id", "name", "nickname", "single_user_group")
            }
            for number in row["groups"]
        ]
        if form in ("flux", "both"):
            found.update(flux=flux, fluxerr=error, zp=23.9)
        if form in ("mag", "both"):
            found["mag"] = None if flux is None else 23.9 - 2.5 * math.log10(flux)
            found["magerr"] = None if flux is None else 2.5 / math.log(10) * error / flux
            found["limiting_mag"] = row["limiting_mag"]
        return found

    def event(self, row: Row, *, whole: bool) -> Row:
        found = {
            **dict.fromkeys(("tach_id", "trigger_id", "event_users_ids")),
            **{name: row[name] for name in ("created_at", "dateobs", "id", "tags")},
            "sent_by_id": 2,
            "aliases": [],
            "modified": row["created_at"],
            "gcn_notices": [],
            "gcn_triggers": [],
            "localizations": (
                [] if row["error"] is None else [self.localization(row, whole=whole)]
            ),
        }
        if not whole:
            return {**found, "observationplan_requests": []}
        lists = ("gcnevent_users", "summaries", "comments", "detectors", "properties")
        lists = (*lists, "event_users")
        more = {"gracedb_log": {}, "gracedb_labels": {}, "lightcurve": None}
        return {**found, **more, **{name: [] for name in lists}}

    def localization(self, row: Row, *, whole: bool) -> Row:
        found = {
            "modified": row["created_at"],
            "id": row["id"],
            "created_at": row["created_at"],
            "localization_name": f"{row['ra']:.5f}_{row['dec']:.5f}_{row['error']:.5f}",
            "sent_by_id": 2,
            "notice_id": None,
            "dateobs": row["dateobs"],
            "tags": [],
        }
        if whole:
            longitude, latitude = galactic(row["ra"], row["dec"])
            centre = {"ra": row["ra"], "dec": row["dec"], "ebv": 0.03}
            found.update(probdensity=[0.15, 0.16], uniq=[11160411, 11160413], contour=None)
            found.update(
                properties=[], center={**centre, "gal_lat": latitude, "gal_lon": longitude}
            )
        return found


def galactic(ra: float, dec: float) -> tuple[float, float]:
    """Galactic longitude and latitude in degrees (pole and node of J2000)."""
    a, d, p = math.radians(ra - POLE_RA), math.radians(dec), math.radians(POLE_DEC)
    latitude = math.asin(math.sin(d) * math.sin(p) + math.cos(d) * math.cos(p) * math.cos(a))
    y = math.cos(d) * math.sin(a)
    x = math.sin(d) * math.cos(p) - math.cos(d) * math.sin(p) * math.cos(a)
    return (NODE - math.degrees(math.atan2(y, x))) % 360.0, math.degrees(latitude)


def separation_deg(ra: float, dec: float, ra2: float, dec2: float) -> float:
    a, b, c = math.radians(dec), math.radians(dec2), math.radians(ra - ra2)
    h = math.sin((a - b) / 2) ** 2 + math.cos(a) * math.cos(b) * math.sin(c / 2) ** 2
    return math.degrees(2 * math.asin(math.sqrt(h)))

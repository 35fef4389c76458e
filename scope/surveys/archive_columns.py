"""How archives call the columns of Gaia, AllWISE and Pan-STARRS that a cross-match brings.

The first name is the survey's own, by which its archive (ESA, IRSA, MAST) hands it out; the others
are those of VizieR (I/350 and I/355, II/328, II/349), as it writes them and as astroquery does.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class ArchiveTable:
    """Columns by which a catalogue is found in the file of an archive.

    Attributes
    ----------
    names : mapping of str to tuple of str
        Column that a cross-match reads (``ra``, ``dec`` and those of
        `scope.features.crossmatch_catalogues.CATALOGUES`) -> what archives call it.
    nothing : float, optional
        A number that stands for "no value".
    signs : mapping of str to tuple of str
        Column -> how each of its values begins or what it contains where the file is of this
        catalogue and no other release.
    epoch : float, optional
        What a column ``ref_epoch`` says, where there is one.
    query : str
        What to ask the archive for.
    """

    names: Mapping[str, tuple[str, ...]]
    nothing: float | None = None
    signs: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    epoch: float | None = None
    query: str = ""


def _gaia() -> ArchiveTable:
    names = {
        "ra": ("ra", "RA_ICRS"),
        "dec": ("dec", "DE_ICRS"),
        "_id": ("source_id", "Source"),
        "phot_g_mean_mag": ("phot_g_mean_mag", "Gmag"),
        "phot_bp_mean_mag": ("phot_bp_mean_mag", "BPmag"),
        "phot_rp_mean_mag": ("phot_rp_mean_mag", "RPmag"),
        "parallax": ("parallax", "Plx"),
        "parallax_error": ("parallax_error", "e_Plx"),
        "pmra": ("pmra", "pmRA"),
        "pmra_error": ("pmra_error", "e_pmRA"),
        "pmdec": ("pmdec", "pmDE"),
        "pmdec_error": ("pmdec_error", "e_pmDE"),
        "astrometric_excess_noise": ("astrometric_excess_noise", "epsi"),
        "phot_bp_rp_excess_factor": ("phot_bp_rp_excess_factor", "E(BP/RP)", "E_BP_RP_"),
    }
    return ArchiveTable(
        names,
        signs={"designation": ("Gaia EDR3", "Gaia DR3"), "DR3Name": ("Gaia DR3",)},
        epoch=2016.0,
        query="SELECT source_id, ra, dec, ref_epoch, … FROM gaiadr3.gaia_source "
        "(gea.esac.esa.int), or I/350 or I/355 of VizieR with all columns",
    )


def _allwise() -> ArchiveTable:
    names = {"ra": ("ra", "RAJ2000"), "dec": ("dec", "DEJ2000"), "_id": ("cntr", "ID")}
    for band in (1, 2, 3, 4):
        names[f"w{band}mpro"] = (f"w{band}mpro", f"W{band}mag")
        names[f"w{band}sigmpro"] = (f"w{band}sigmpro", f"e_W{band}mag")
    names["ph_qual"] = ("ph_qual", "qph")
    return ArchiveTable(
        names,
        # The processing of the co-added images: ac51 is AllWISE, others are other releases.
        signs={"source_id": ("_ac51-",), "coadd_id": ("_ac51",)},
        query="the catalogue allwise_p3as_psd of irsa.ipac.caltech.edu, or II/328 of VizieR with "
        "all columns",
    )


def _panstarrs() -> ArchiveTable:
    names = {
        "ra": ("raMean", "RAJ2000"),
        "dec": ("decMean", "DEJ2000"),
        "_id": ("objID",),
    }
    for band in "grizy":
        names[f"{band}MeanPSFMag"] = (f"{band}MeanPSFMag", f"{band}mag")
        names[f"{band}MeanPSFMagErr"] = (f"{band}MeanPSFMagErr", f"e_{band}mag")
    names["qualityFlag"] = ("qualityFlag", "Qual")
    return ArchiveTable(
        names,
        nothing=-999.0,
        query="the mean objects of catalogs.mast.stsci.edu/panstarrs, or II/349 of VizieR with "
        "all columns",
    )


ARCHIVE_TABLES: dict[str, ArchiveTable] = {
    "Gaia_EDR3": _gaia(),
    "AllWISE": _allwise(),
    "PS1_DR1": _panstarrs(),
}

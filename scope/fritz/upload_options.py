"""What is uploaded of sources, and how."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class UploadOptions:
    """Options of what is uploaded of each source; see ``scope-upload-classification --help``."""

    group_ids: Sequence[int]
    comment: str | None = None
    classification_origin: str = "SCoPe"
    skip_phot: bool = False
    post_survey_id: bool = False
    survey_id_origin: str = "SCoPe_xmatch"
    match_ids: bool = False
    source_prefix: str = ""
    use_existing_obj_id: bool = False
    post_upvote: bool = False
    check_labelled_box: bool = False
    replace_classifications: bool = False
    radius_arcsec: float = 2.0
    ml: bool = True
    post_phot_as_comment: bool = False
    post_phasefolded_phot: bool = False
    phot_dirname: str = "phot_plots"
    instrument_name: str = "ZTF"
    batch: int = 100

    @property
    def pictures(self) -> bool:
        """Whether light curves are drawn."""
        return self.post_phot_as_comment or self.post_phasefolded_phot

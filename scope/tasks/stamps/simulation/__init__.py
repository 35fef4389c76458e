"""A night of images of a sky that is known, with the faults of real detectors.

sky        what there is: stars, galaxies, minor planets, transients
optics     how it is drawn: point-spread functions, profiles, a distorted grid
detector   what the detector adds: noise, cosmic rays, hot pixels, bleeds, ghosts, trails
subtract   template, PSF matching, difference, detections
write      FITS files, index, position tables and truth
"""

"""QuasarNET on rebinned spectra: grids of wavelength, files of weights, scoring, training.

wavelength_grid     the grids that networks see, and the lines that they look for
quasar_net          weights of a network in a file, and the network run by ONNX Runtime
quasar_net_trainer  training with Keras, one graph for all networks of a shape
"""

"""Real or bogus: whether a detection in a difference image is anything in the sky.

images     where images, exposures and catalogues come from: a folder, or a database
label_data labelled sets, made without people from known minor planets
classifier networks: training, judging, scoring, with and without TensorFlow
alerts     the stamps in packets of alert streams
"""

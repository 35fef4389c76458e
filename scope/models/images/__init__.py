"""Networks on small images: building, training, reading files of Keras, scoring without it.

architectures   vgg6, its Bayesian form and others, as Keras models
fit             training of any Keras model on an array of images
keras_sequence  layers and weights of files of Keras 2 and 3
network         scores, dropout samples and latent vectors by ONNX Runtime
"""

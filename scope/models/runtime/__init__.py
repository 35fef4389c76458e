"""What running a model needs beside its own library: devices, and files looked at before use."""

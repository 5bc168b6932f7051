"""Every sentence a person reads, one file per surface; changing a word touches one module and its snapshot."""

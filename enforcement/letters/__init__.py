"""Letters to holders: what stands in one, how it is written, and the first version of each. Nothing here sends."""

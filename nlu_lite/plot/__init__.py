"""Pictures of vectors: scatter plots, heat maps and token views, and files for other viewers.

`nlu_lite.pandas` makes them methods of frames: ``frame.nlu.plot()``. Needs the extra ``plot``; a token view does not.
"""

from __future__ import annotations

from nlu_lite.plot.methods import PictureMethods
from nlu_lite.plot.pictures import FigurePicture, Picture, TokenPicture

__all__ = ["FigurePicture", "Picture", "PictureMethods", "TokenPicture"]

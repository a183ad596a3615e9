"""An upload handler that keeps files in memory up to a limit. Uploads may be personal data and must not reach the disk.

A file that exceeds the limit is read to its end, because the browser accepts no response earlier, and then discarded.
Reading a discarded file raises Invalid.
"""

from io import BytesIO
from typing import Any

from django.conf import settings
from django.core.files.uploadedfile import InMemoryUploadedFile, UploadedFile
from django.core.files.uploadhandler import FileUploadHandler
from django.utils.translation import gettext as _

from qqops.core.errors import Invalid

MEGABYTE = 1024 * 1024


class NotKept(InMemoryUploadedFile):
    """A discarded file that was too large. It has a name and a size, and no content."""

    def read(self, *args: Any) -> bytes:
        raise too_large()


def too_large() -> Invalid:
    most = settings.FILE_UPLOAD_MAX_MEMORY_SIZE // MEGABYTE
    return Invalid(
        _("Files may have at most %(n)d MB together. This one was not kept; nothing was done.") % {"n": most}
    )


class BoundedUploadHandler(FileUploadHandler):
    """Holds at most `FILE_UPLOAD_MAX_MEMORY_SIZE` bytes for one request, over all its files."""

    held = 0
    file: BytesIO | None

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        super().new_file(*args, **kwargs)
        self.file = BytesIO()

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        if self.file is None:
            return
        self.held += len(raw_data)
        if self.held <= settings.FILE_UPLOAD_MAX_MEMORY_SIZE:
            self.file.write(raw_data)
            return
        self.held -= start + len(raw_data)  # the bytes of this file do not count
        self.file = None

    def file_complete(self, file_size: int) -> UploadedFile[Any]:
        kept = self.file is not None
        content = self.file or BytesIO()
        content.seek(0)
        return (InMemoryUploadedFile if kept else NotKept)(
            content,
            self.field_name,
            self.file_name,
            self.content_type,
            file_size,
            self.charset,
            self.content_type_extra,
        )

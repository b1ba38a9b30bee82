"""Handing references over: an operator asks custodians, fetches what they approved, and brings in what came."""

from collections.abc import Callable, Sequence

from visavis.client.aio.imports import AsyncImports
from visavis.client.choices import PAGE
from visavis.client.exchange import BUNDLE, Body, door
from visavis.wire.export import ApprovalRequest, BundlePart, BundlePartAnswer, ExportAnswer, ExportAsked
from visavis.wire.shape import Page


class AsyncExports(AsyncImports):
    """Exports of references, which custodians approve, and bundles of them."""

    async def ask_for_export(
        self,
        gallery_id: str,
        *,
        recipient: str,
        reason: str,
        lasts_hours: int = 72,
        idempotency_key: str | None = None,
    ) -> ExportAnswer:
        """Ask the custodians for an export of a gallery's references. Nothing leaves by this.

        :param recipient: an age X25519 public key; the bundle is encrypted to it.
        :param reason: why; the custodians sign it.
        """
        asked = ExportAsked(gallery_id=gallery_id, recipient=recipient, reason=reason, lasts_hours=lasts_hours)
        return await self._transport.post(door("exports"), ExportAnswer, Body(asked, idempotency_key=idempotency_key))

    async def exports(self, *, after: str | None = None, limit: int = PAGE) -> Page[ExportAnswer]:
        """A page of the requests that custodians can approve now."""
        return await self._transport.get(door("exports"), Page[ExportAnswer], query={"after": after, "limit": limit})

    async def show_export(self, export_id: str) -> ExportAnswer:
        """A request as it stands. ``document`` is what a custodian reads and signs."""
        return await self._transport.get(door("exports", export_id), ExportAnswer)

    async def approve_export(self, export_id: str, *, key: str, signature: str) -> ExportAnswer:
        """Hand in a custodian's signature.

        :param key: their public key, and ``signature`` theirs over the request, as ``protect.approval`` makes them.
        """
        body = Body(ApprovalRequest(key=key, signature=signature))
        return await self._transport.post(door("exports", export_id, "approvals"), ExportAnswer, body)

    async def fetch_export(self, export_id: str, *, write: Callable[[bytes], object]) -> None:
        """Carry out what enough custodians approved: once, whatever becomes of the answer.

        :param write: takes the bundle, an age file, piece by piece; it is whole when this returns.
        """
        await self._transport.pour(door("exports", export_id, "bundle"), headers={"Accept": BUNDLE}, write=write)

    async def bring_bundle(
        self, import_id: str, *, controller_key: str, header: str, people: Sequence[str]
    ) -> BundlePartAnswer:
        """Bring in some people of a bundle that was decrypted here (``open_bundle``). The same again changes nothing.

        :param controller_key: the exporting controller's public key, from a source other than the bundle.
        :param people: up to 100 lines of it.
        """
        part = BundlePart(controller_key=controller_key, header=header, people=list(people))
        return await self._transport.post(
            door("imports", import_id, "bundle"), BundlePartAnswer, Body(part, done_once=True)
        )

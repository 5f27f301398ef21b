"""Words with which the name of a function may begin: verbs, and a few other beginnings.

A verb that is missing here can be added. A noun belongs after a verb: `make_samples`, not `samples`.
"""

_VERBS = """
add advance align allocate announce append apply assemble assert assign attempt average begin bend blame bound break
build bypass call capture catch change check choose claim classify clear close collect combine compare compile
complete compute concatenate conclude confirm connect continue convert copy count crop cut declare defer deferred
delete dequantise derive describe differentiate divide download drain draw drop dump encode end enter entitle escape
estimate evaluate exclude exec execute exit expand explain export extend factorise fade fail fetch fill filter find
finish fit flatten flush follow forget form format freeze gather generate get give group guess hand handle hash hear
hide hold import indent index insert interpolate invalidate join jump keep label lay leave lift limit list listen load
locate lock log look main make map mark match measure merge mix move name nest normalise notify number occupy open
order pack pad park parse partition pause permute pick pin place plan play plot pool pop predict prepare print
propagate publish pull push put quantise quote raise read receive record redraw reduce refresh refuse release remove
rename render renumber reopen replace report resample rescale reset resolve restore resume retreat return round run
sample save say scale score seal search select send separate serve set shape share shift shorten show sign silence
simplify simulate skip slice solve sort speak split spread start step stop store submit subtract suggest sum
summarise suppress
switch sync synthesise tabulate tag take tell thin time track train transform translate try turn unload update upload
use vacate vectorise view wait warn weight wrap write
"""

VERBS = frozenset(_VERBS.split())

OTHERS = frozenset({"are", "as", "can", "from", "has", "is", "matches", "needs", "on", "to", "with", "without"})
"""Of conversions, alternative constructors, questions, changed copies and handlers of events."""

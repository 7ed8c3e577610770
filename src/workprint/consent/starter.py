"""The file that `workprint terms init` writes."""

STARTER = """\
# What may be done with my works. docs/formats/terms.md explains every key.
# Each use is allowed, constrained (on conditions: people must ask) or not_allowed. A use that is not named is unknown.

statement: Please ask before you use my works.
contact: ""

uses:
  data_mining: not_allowed             # counting, indexing, searching
  ai_inference: not_allowed            # showing a work to a model that exists
  ai_training: not_allowed             # training models that make no pictures or sounds
  ai_generative_training: not_allowed  # training models that do
  voice_replica: not_allowed           # making a model speak or sing in my voice

# A public licence instead of, or beside, `uses:`
# licence: CC-BY-4.0

# Other terms for a folder, a work, or a pattern; the most specific path wins.
# works:
#   - path: posters/
#     uses: {data_mining: allowed}

# What was agreed with someone. It counts if you sign the index: workprint index ... --sign KEY
# grants:
#   - to: Acme Games Ltd
#     uses: [voice_replica]
#     works: [voice/]
#     description: Lines of the ferryman in the game Long Water, in English, from the script of February 2026.
#     purposes: [game dialogue]
#     territories: [US, CA]
#     from: 2026-01-01
#     until: 2026-12-31
#     fee: invoice 2026-017
"""

"""Search for copies of real images, whole or in part, and what their resemblance means.

`bands` says what is compared, `whitening` how, `views` in which positions, `compared_regions` in which parts.
`member_index` and `candidate_members` find who may be a copy of whom (`cells`: among very many), `matches` looks
closely, `significance` judges.
"""

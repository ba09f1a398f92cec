# The one image of all functions; the control layer runs it by digest and names the handler of each function.
#
# Base images by digest, which have no default: what a tag means changes, and who builds looks at what they build on.
#   docker buildx imagetools inspect IMAGE:TAG --format '{{.Manifest.Digest}}'
#
# Engine 3.259.0 beside the SDK's 3.272 of uv.lock: within major version 3 either may be the newer one, and this pair is
# what every test of the project runs on (sandbox/engine/version.py). It ends when the pinned modules of the engine move
# to 3.272 or newer, which is due with the first release that raises pulumi-aws beyond 7.x; a test holds this file to
# the pinned version.
# Python 3.12: the 3.11 base image has glibc 2.26, and the locked wheels need 2.28.
ARG PULUMI_VERSION=3.259.0
ARG PULUMI_DIGEST
ARG PYTHON_VERSION=3.12
ARG PYTHON_DIGEST

FROM pulumi/pulumi-python:${PULUMI_VERSION}@${PULUMI_DIGEST} AS engine
ARG AWS_PLUGIN_VERSION=7.51.1
RUN pulumi plugin install resource aws ${AWS_PLUGIN_VERSION} \
 && mkdir -p /engine/bin \
 && cp /pulumi/bin/pulumi /pulumi/bin/pulumi-language-python /pulumi/bin/pulumi-language-python-exec \
       /pulumi/bin/pulumi-analyzer-policy-python /engine/bin/ \
 && cp /root/.pulumi/plugins/resource-aws-v${AWS_PLUGIN_VERSION}/pulumi-resource-aws /engine/bin/

FROM amazon/aws-lambda-python:${PYTHON_VERSION}@${PYTHON_DIGEST} AS packages
RUN pip install --no-cache-dir uv==0.13.8
COPY pyproject.toml uv.lock /source/
RUN cd /source \
 && uv export --locked --no-default-groups --no-emit-project --output-file requirements.txt \
 && pip install --no-cache-dir --require-hashes --only-binary :all: --requirement requirements.txt --target /packages

FROM amazon/aws-lambda-python:${PYTHON_VERSION}@${PYTHON_DIGEST}
# LightGBM needs OpenMP, which its wheel does not bring.
RUN dnf install -y libgomp && dnf clean all
COPY --from=engine /engine/bin/ /opt/bin/
COPY --from=packages /packages/ ${LAMBDA_TASK_ROOT}/
COPY quantos/ ${LAMBDA_TASK_ROOT}/quantos/
COPY lambdas/ ${LAMBDA_TASK_ROOT}/lambdas/
COPY components/ ${LAMBDA_TASK_ROOT}/components/
COPY stacks/ ${LAMBDA_TASK_ROOT}/stacks/
COPY policy_packs/ ${LAMBDA_TASK_ROOT}/policy_packs/
ENV PATH=/opt/bin:${PATH} PYTHONDONTWRITEBYTECODE=1
